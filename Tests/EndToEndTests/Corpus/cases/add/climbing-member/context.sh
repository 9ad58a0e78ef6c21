echo e > e; tar c -P --transform='s,^,../../,' -f archive.tar e
