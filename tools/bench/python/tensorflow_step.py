"""The engine's own graph, run by TensorFlow from Python: forward, backward and SGD.

Two ways, and the faster one counts: a session fed with numpy arrays, and a tf.function over a tf.Variable.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
import peer

THREADS = os.environ["TF_NUM_INTRAOP_THREADS"]


def start(configuration):
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(int(THREADS))
    tf.config.threading.set_inter_op_parallelism_threads(1)
    inputs = peer.Inputs(configuration)
    with open(configuration["savedModel"], "rb") as file:
        from tensorflow.core.protobuf import saved_model_pb2

        graph_def = saved_model_pb2.SavedModel.FromString(file.read()).meta_graphs[0].graph_def
    begin = session_step if configuration["way"] == "session" else function_step
    gradient, step = begin(tf, graph_def, inputs, configuration["learningRate"])
    return {"tensorflow": tf.__version__}, gradient, f"gradient-{configuration['way']}.f32", step


def session_step(tf, graph_def, inputs, learning_rate):
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(graph_def, name="")
    session = tf.compat.v1.Session(
        graph=graph,
        config=tf.compat.v1.ConfigProto(intra_op_parallelism_threads=int(THREADS), inter_op_parallelism_threads=1),
    )
    parameters = inputs.parameters.copy()
    feeds = {
        "tiles:0": inputs.tiles,
        "bag_gradient:0": inputs.bag_gradient,
        "bag_embedding:0": inputs.bag_embedding,
        "log_sum_exp:0": inputs.log_sum_exp,
    }
    names = ["attention_gradient:0", "attention_gradient_norm:0"]
    run = session.make_callable(names, feed_list=[*feeds, "parameters:0"])
    first = run(*feeds.values(), parameters)[0].copy()

    def step():
        nonlocal parameters
        gradient, _ = run(*feeds.values(), parameters)
        parameters -= learning_rate * gradient

    return first, step


def function_step(tf, graph_def, inputs, learning_rate):
    wrapped = tf.compat.v1.wrap_function(lambda: tf.compat.v1.import_graph_def(graph_def, name=""), [])
    names = ["tiles:0", "parameters:0", "bag_gradient:0", "bag_embedding:0", "log_sum_exp:0"]
    program = wrapped.prune(
        [wrapped.graph.get_tensor_by_name(name) for name in names],
        wrapped.graph.get_tensor_by_name("attention_gradient:0"),
    )
    variable = tf.Variable(inputs.parameters)
    constants = [
        tf.constant(value, tf.float32)
        for value in (inputs.bag_gradient, inputs.bag_embedding, inputs.log_sum_exp)
    ]

    @tf.function
    def train(tiles):
        gradient = program(tiles, variable.read_value(), *constants)
        variable.assign_sub(learning_rate * gradient)

    first = program(tf.constant(inputs.tiles), variable.read_value(), *constants).numpy()

    def step():
        train(tf.constant(inputs.tiles))
        variable.value()  # eager operations are done when they return on a CPU

    return first, step


peer.serve(start)
