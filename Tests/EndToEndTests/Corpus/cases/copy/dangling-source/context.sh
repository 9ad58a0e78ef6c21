ln -s /nowhere dangling
