mkdir -p ../tree/d; echo f > ../tree/d/f; echo ignored > ../tree/ignored; echo ignored > ../tree/.dockerignore
