mkdir real; echo f > real/f; ln -s real link; ln -s real/f gone; ln -s nowhere dangling; printf 'gone\nreal/f\n' > .dockerignore
