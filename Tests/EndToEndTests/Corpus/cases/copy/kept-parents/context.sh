mkdir -p a/b/c x/y; echo f > a/b/f; echo g > x/y/f; echo c > a/b/c/c; chmod 750 a/b
