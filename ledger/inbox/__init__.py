"""What banks told us: notices, stored before anything else is done with them."""
