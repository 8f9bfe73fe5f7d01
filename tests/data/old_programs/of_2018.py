import numpy as np
import tensorflow as tf
import tensorflow_hub as hub

sentences = np.array(["hello world", "this is good", "bad day", "hello", "good world", "bad bad"])
labels = np.array([1, 1, 0, 1, 1, 0])

text = tf.placeholder(tf.string, shape=[None])
label = tf.placeholder(tf.int64, shape=[None])

tuned = hub.Module("https://tfhub.dev/google/elmo/2", trainable=True)
fixed = hub.Module("https://tfhub.dev/google/elmo/2")
features = tf.concat([tuned(text), fixed(text)], axis=1)

size = features.shape[1]
weights = tf.get_variable("weights", [size, 2], initializer=tf.zeros_initializer())
logits = tf.matmul(features, weights)
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=label, logits=logits))
train_op = tf.train.GradientDescentOptimizer(0.5).minimize(loss)

with tf.Session() as session:
    session.run([tf.global_variables_initializer(), tf.tables_initializer()])
    feed = {text: sentences, label: labels}
    before = session.run(loss, feed)
    for step in range(30):
        session.run(train_op, feed)
    after = session.run(loss, feed)
    print("trainable: %d" % len(tf.trainable_variables()))
    print("loss: %.4f -> %.4f" % (before, after))
