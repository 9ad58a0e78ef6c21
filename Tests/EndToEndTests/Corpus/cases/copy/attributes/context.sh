mkdir tree; echo u > tree/user; setfattr -n user.name -v value tree/user; echo c > tree/capable
setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 tree/capable
