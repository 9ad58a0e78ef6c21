mkdir d; echo new > d/new; echo f > f
