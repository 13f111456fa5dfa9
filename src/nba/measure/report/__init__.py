"""What a shop sees of itself: figures as JSON documents, pictures, and one page of both."""
