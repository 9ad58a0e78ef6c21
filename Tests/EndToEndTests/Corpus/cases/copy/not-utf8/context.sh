mkdir tree; echo 8 > "tree/$(printf 'bad\377utf8')"
