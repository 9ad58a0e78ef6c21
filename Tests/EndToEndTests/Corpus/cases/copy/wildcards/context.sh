for n in a.txt b.txt c.txt ab.txt '*.txt' '[x].txt' x.txt .hidden plain; do echo "$n" > "$n"; done
mkdir -p d1/deep d2 d33; echo 1 > d1/f; echo 2 > d2/f; echo 3 > d33/f; echo deep > d1/deep/f; echo only > d2/only
ln -s a.txt link
