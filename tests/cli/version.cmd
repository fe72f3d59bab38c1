t --version
t version --features
t version --json
