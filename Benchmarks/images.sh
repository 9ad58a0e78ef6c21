# Building images and carrying them about; read by `run`, whose functions it uses. What is built has a label, by which it is removed.

# Docker has two builders, and skopeo only carries.
builders() {
  builders=(hako)
  quietly $DOCKER version && builders+=(classic)
  quietly env DOCKER_BUILDKIT=1 $DOCKER buildx version && builders+=(buildx)
  quietly $PODMAN version && builders+=(podman)
}

measure_build() {
  local context=$work/context number
  mkdir -p "$context/none"
  # A layer for each RUN, COPY and WORKDIR: ten steps with what only changes the configuration.
  cat > "$context/Dockerfile" <<'DOCKERFILE'
FROM busybox
ENV A=1
WORKDIR /w
COPY a /w/a
RUN echo 1 > /w/1
RUN echo 2 > /w/2
ENV B=2
RUN echo 3 > /w/3
LABEL hako.bench=y
CMD ["true"]
COPY b /w/b
DOCKERFILE
  { printf 'FROM busybox\nLABEL hako.bench=y\n'; for number in $(seq 10); do echo RUN true; done; } > "$context/none/Dockerfile"
  echo a > "$context/a"
  echo b > "$context/b"
  contestants=("${builders[@]}")
  compare build "build of 10 steps, all cached" "8 ms" build -q -t bench "$context"
  change="sh -c 'date +%N > $context/b'" compare build "build, the last COPY changed" "15 ms" build -q -t bench "$context"
  # Seconds each.
  warmups=0 runs=5 compare build "build of ten RUN true, nothing cached" "1/5" build -q --no-cache -t bench-none "$context/none"
  contestants=("${engines[@]}")
}

measure_context() {
  local context=$work/many number engine
  mkdir -p "$context"
  for number in $(seq 500); do mkdir -p "$context/files/$number" && (cd "$context/files/$number" && printf '%s\n' {1..100} | split -l 1 -a 3); done
  printf 'FROM busybox\nLABEL hako.bench=y\nCOPY files /files\n' > "$context/Dockerfile"
  contestants=("${builders[@]}")
  # Up to minutes each.
  for engine in "${builders[@]}"; do quietly $(command_of "$engine") build -q -t bench-many "$context"; done
  change="sh -c 'date +%N > $context/files/250/xaaa'" warmups=0 runs=3 turns=3 \
    compare context "build with 50,000 files in the context, one changed" "1/3" build -q -t bench-many "$context"
  contestants=("${engines[@]}")
  rm -rf "$context"
}

# One layer with the files of nginx, that no engine has: each loads it once, for the reason that pull_row gives.
measure_load() {
  local values=() engine start id
  quietly "$hako" create --name squashed nginx
  "$hako" export squashed > "$work/layer.tar"
  quietly "$hako" rm squashed
  id=$(sha256sum < "$work/layer.tar" | cut -d' ' -f1)
  echo "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$id\"]}}" > "$work/config.json"
  echo '[{"Config":"config.json","RepoTags":["squashed:latest"],"Layers":["layer.tar"]}]' > "$work/manifest.json"
  tar cf "$work/squashed.tar" -C "$work" manifest.json config.json layer.tar
  rm "$work/layer.tar"
  for engine in "${engines[@]}"; do
    sync
    now; start=$now
    quietly $(command_of "$engine") load -q -i "$work/squashed.tar" && { now; start=$((now - start)); } || start=-
    [ "$engine" = hako ] || values+=("$engine")
    values+=("$start")
  done
  row "load of the files of nginx ($(du -m "$work/squashed.tar" | cut -f1) MB), once, ms" "the best" less "${values[@]}"
  rm "$work/squashed.tar"
}

# What was pulled, as a file, and into a registry that has nothing of it.
measure_save_and_push() {
  contestants=("${engines[@]}" skopeo)
  change="rm -f $work/saved.tar" warmups=1 runs=5 compare save "save of nginx" "the best" save -o "$work/saved.tar" "$pulled"
  change="rm -rf $work/registry/docker" warmups=1 runs=5 compare push "push of nginx" "the best" push "$pulled"
  contestants=("${engines[@]}")
  rm -f "$work/saved.tar"
}
pulled=127.0.0.1:5056/nginx
# Skopeo's command line for one of these: from the layout that the image was pushed from.
carry() { # save|push ...
  local destination=docker-archive:$work/saved.tar:nginx:latest
  [ "$1" = save ] || destination="--dest-tls-verify=false docker://$pulled"
  echo "skopeo copy -q --insecure-policy oci:$images/nginx:latest $destination"
}

# Of files copied, changed and deleted.
measure_commit() {
  everywhere run --name committed nginx sh -c 'cp -r /usr/lib/x86_64-linux-gnu /new; chmod -R g+w /usr/share/nginx; rm -rf /usr/share/doc'
  warmups=1 runs=10 compare commit "commit of a container of nginx that copied its libraries" "the best" commit -c "'LABEL hako.bench=y'" committed committed-image
  everywhere rm -f committed
}
