import numpy as np
import tensorflow as tf
import tensorflow_hub as hub

sentences = np.array(["hello world", "this is good", "bad day", "hello", "good world", "bad bad"])
labels = np.array([1, 1, 0, 1, 1, 0])

embedding = "https://tfhub.dev/google/nnlm-en-dim50/2"
hub_layer = hub.KerasLayer(embedding, input_shape=[], dtype=tf.string, trainable=True)

model = tf.keras.Sequential()
model.add(hub_layer)
model.add(tf.keras.layers.Dense(16, activation="relu"))
model.add(tf.keras.layers.Dense(1))

model.compile(
    optimizer="adam",
    loss=tf.keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
dataset = tf.data.Dataset.from_tensor_slices((sentences, labels)).batch(3)
history = model.fit(dataset, epochs=20, verbose=0)

print("trainable: %d" % len(model.trainable_variables))
print("loss: %.4f -> %.4f" % (history.history["loss"][0], history.history["loss"][-1]))
