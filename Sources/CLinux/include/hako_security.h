#ifndef HAKO_SECURITY_H
#define HAKO_SECURITY_H
#endif
