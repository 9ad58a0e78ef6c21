mkdir tree; echo x > tree/dir
