mkdir -p a/b/c node a/node keep build/out 'with blank' logs/deep
for f in top.txt a/mid.txt a/b/deep.txt a/b/c/f node/f a/node/f keep/me.md keep/not.md build/out/o build/b '#hash' '!bang' 'with blank/f' logs/x.log logs/deep/y.log x1 x2 xa '[y]' tmp~ ; do echo "$f" > "$f"; done
chmod 700 keep; touch -d @1100000000 keep
printf '\357\273\277# a comment\r\n*.txt\r\n  # pattern\n/node\n**/b/c\n\\#hash\n\\!bang\nwith blank\nbuild/../build/out/\n./logs/*.log\n! logs/x.log\nx[0-9]\n*~\n\n/\n.\nkeep\n!keep/me.md\n' > .dockerignore
