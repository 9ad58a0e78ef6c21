mkdir tree; ln -s /etc tree/opaque
