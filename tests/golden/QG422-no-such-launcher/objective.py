def value(trial, config):
    return config["rate"]
