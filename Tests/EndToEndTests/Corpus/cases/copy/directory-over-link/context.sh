mkdir -p tree/link-to-dir; echo x > tree/link-to-dir/x
