mkdir -p tree/ü; echo 1 > tree/ü/ß; echo 2 > 'tree/a\b'; echo 3 > "tree/$(printf 'new\nline')"; echo 4 > "tree/ blank "; echo 5 > 'tree/"quote"'
long=$(printf '%0120d' 0); mkdir -p tree/$long/$long; echo 6 > tree/$long/$long/$long; echo 7 > tree/$(printf '%0255d' 0)
ln -s $long$long tree/long-link; ln tree/$long/$long/$long tree/long-hard; echo 9 > tree/-dash; echo 10 > 'tree/$dollar'
