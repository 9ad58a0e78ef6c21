FROM corpus/base
SHELL ["/bin/sh", "-uc"]
