"""What the tests share: real processes on loopback, S3 as a client sees it, pictures as Pillow sees them."""
