myelin list tim
