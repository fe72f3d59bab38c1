# Every key of the configuration is an option of train, plan and compare.
myelin train --print-config | sed -n 's/^\([a-zA-Z_]*\):.*/\1/p' | tr _ - >keys
wc -l <keys | awk '{print ($1 >= 20 ? "enough keys" : "too few keys")}'
for command in train plan compare; do
    myelin $command --help >help
    while read -r key; do
        grep -q -e "--$key" -e "--no-$key" help || echo "$command --help lacks --$key"
    done <keys
done
