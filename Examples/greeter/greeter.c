// Answers every HTTP request on port 8080 with one line.
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void end(int signal) { _exit(signal == SIGTERM ? 0 : 1); }

int main(void) {
    signal(SIGTERM, end);
    int listener = socket(AF_INET6, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(8080), .sin6_addr = in6addr_any};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0) {
        perror("greeter: port 8080");
        return 1;
    }
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        char request[4096];
        if (read(client, request, sizeof request) > 0) {
            const char *text = "Hello from a container that Hako built\n";
            dprintf(client, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(text), text);
        }
        close(client);
    }
}
