// The low-level functions: EVP would fetch a provider at the first use (a millisecond) and draw megabytes of ciphers into
// a static executable. They are marked as deprecated, which says "prefer EVP", not "will go".
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
