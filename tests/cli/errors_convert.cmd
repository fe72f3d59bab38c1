# What is refused before the network is looked at.
t convert
t convert a b
t convert none --steps 4,2
t convert none --steps 2..8,8
t convert none --steps 1..x
t convert none --steps 0
t convert none --steps 1..5000
t convert none --events 0.5
t convert none --events 20x
t convert none --input poisson
t convert none --calibrate 0
t convert none --stop-confidence 2
t convert none --verify-image 3
t convert none --verify-images 3
mkdir full && touch full/file
t convert none --out full
t convert none --out full/file
