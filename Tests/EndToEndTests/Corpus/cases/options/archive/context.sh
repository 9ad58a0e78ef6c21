mkdir d; echo f > d/f; chmod 4755 d/f; ln d/f d/hard; ln -s f d/soft; chown 5:6 d/f; touch -d @1100000000 d/f d
tar c --sort=name -f ../context.tar .; gzip -n ../context.tar
