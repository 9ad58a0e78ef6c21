#ifndef HAKO_NAMESPACE_H
#define HAKO_NAMESPACE_H
#endif
