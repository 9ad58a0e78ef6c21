mkdir d; echo f > f; echo g > d/g; echo ignored > ignored; echo ignored > .dockerignore
