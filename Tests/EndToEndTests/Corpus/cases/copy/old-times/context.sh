mkdir d; echo o > d/old; touch -d @1 d/old; echo f > d/fraction; touch -d @1100000000.75 d/fraction; ln -s x d/link; touch -h -d @1100000000 d/link; touch -d @1100000000 d
