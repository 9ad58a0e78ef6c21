#ifndef HAKO_INIT_CHILD_INIT_H
#define HAKO_INIT_CHILD_INIT_H

// What `--init` puts in front of a container's program: stays process 1, runs the program as its child, passes signals on to
// it, reaps every process that has lost its parent, and ends as the program does.
_Noreturn void serve_as_init(char **program, char **environment);

#endif
