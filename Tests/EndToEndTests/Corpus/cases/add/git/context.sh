export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_DATE='@1100000000 +0000' GIT_COMMITTER_DATE='@1100000000 +0000' GIT_CONFIG_GLOBAL=/dev/null
git init -q -b main ../work; cd ../work; mkdir sub; echo one > f; echo s > sub/s; echo x > run; chmod 755 run; ln -s f link; git add .; git commit -q -m one; git tag v1
echo two > f; echo t > sub/s; git commit -q -a -m two
git clone -q --bare . $WWW/repository.git; git -C $WWW/repository.git update-server-info
