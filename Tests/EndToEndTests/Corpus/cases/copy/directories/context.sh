mkdir -p d/sub/deep e empty tree/lower/private tree/tmp; chmod 1777 d; chmod 750 d/sub; chmod 700 tree/lower/private; chmod 755 tree/tmp
echo a > d/new; echo aa > d/a; echo s > d/sub/s; echo e > e/e; echo p > tree/lower/private/p
chown -R 5:6 d; touch -d @1100000000 d/sub d/sub/s d/sub/deep tree/lower/private tree/lower
