# What differs from run to run, or between any two engines, and no more. Applied (sed -zE) to both streams of both.

# Who answers: errors bear the program's name, and Docker's client tells its daemon's from its own.
s/(^|\n)docker: /\1/g
s/(^|\n)Error response from daemon: /\1/g
s/(^|\n)Error: /\1/g
# Docker's run ends what its daemon answered with a pointer to the help; nothing there helps.
s/^([^\n]+)\n\nRun 'docker (container )?(run|create|start) --help' for more information\n$/\1\n/
# Why a container did not start: Docker names each layer that the error came through, Hako the container.
s/(^|\n)failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: (error during container init: )?/\1/g
s/(^|\n)OCI runtime exec failed: exec failed: unable to start container process: /\1/g
s/(^|\n)cannot start container [a-zA-Z0-9_.-]+: /\1/g
s/(^|\n)exec: ("[^"]*"): (stat [^:]*: |is a directory: )?/\1cannot execute \2: /g
# Hako proposes what may have been meant.
s/\n\nDid you mean [^\n]*//g
# Terminals.
s|/dev/pts/[0-9]+|/dev/pts/<n>|g
s/\r/^M/g
# Ids: of containers, images, processes started by exec.
s/\b[0-9a-f]{64}\b/<id>/g
s/\b[0-9a-f]{12}\b/<id>/g
# Times, ages and durations.
s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})/<time>/g
s/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)? \+0000 UTC/<time>/g
s/(Less than a second|About a minute|About an hour|[0-9]+ (second|minute|hour|day|week|month|year)s?) ago/<age> ago/g
s/\bUp (Less than a second|About a minute|[0-9]+ (second|minute)s?)/Up <age>/g
# Addresses, and ports that the engine chose (ip_local_port_range).
s/\b(172\.(1[6-9]|2[0-9]|3[01])|192\.168|10\.[0-9]+)\.[0-9]+\.[0-9]+/<address>/g
s/\bfd[0-9a-f]{2}(:[0-9a-f]*)+/<address>/g
s/\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b/<mac>/g
s/(0\.0\.0\.0|\[::\]|127\.0\.0\.1):(3[2-9]|[45][0-9]|6[0-5])[0-9]{3}\b/\1:<port>/g
# Columns are as wide as the values above.
s/ {3,}/   /g
