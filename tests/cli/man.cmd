myelin man | head -3
myelin man config | grep -E '^# ' | head -3
for page in man 'man config'; do
    if command -v scdoc >/dev/null; then myelin $page | scdoc | head -c 20 | wc -c; else echo 20; fi
done
myelin man | grep -A2 '^## synapse'
