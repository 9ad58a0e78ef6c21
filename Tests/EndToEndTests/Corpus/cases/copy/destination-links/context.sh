echo f > f; mkdir d d2; echo in > d/in; ln -s in d/name; echo file > d2/name
