"""Where rows and artifacts lie: a folder, this process, or a bucket, behind one face."""
