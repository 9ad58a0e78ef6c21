// ImageClient
