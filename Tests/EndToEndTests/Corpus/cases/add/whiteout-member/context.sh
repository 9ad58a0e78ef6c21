echo w > .wh.file; tar c -f archive.tar .wh.file; rm .wh.file
