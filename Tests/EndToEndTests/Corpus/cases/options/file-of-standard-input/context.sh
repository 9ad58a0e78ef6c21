echo f > f; mv Dockerfile ../given
