sed -i -e 's/$/\r/' -e '1s/^/\xef\xbb\xbf/' Dockerfile
