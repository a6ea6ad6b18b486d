"""The compiled kernel in front of torch: the C++ itself is in the folder ``native`` of the project.

``problem`` is a layer as the compiled module takes it, ``operators`` are torch's for a whole layer,
``direct`` is the way past their dispatcher,
``stepper`` takes one step after another, and ``binding`` says what runs where.
"""
