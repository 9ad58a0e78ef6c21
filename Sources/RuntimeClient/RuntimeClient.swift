// RuntimeClient
