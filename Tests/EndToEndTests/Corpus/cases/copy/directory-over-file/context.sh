mkdir -p tree/file
