// Modules whose shapes are not known, or that are no chain of operations, are refused by name.
// RUN: mla-opt %s --afe-lower-to-mla --split-input-file --verify-diagnostics
// RUN: mla-opt %s --afe-partition --split-input-file --verify-diagnostics

// expected-error @below {{needs arguments of static shape, but one is 'tensor<*xf32>'}}
func.func @main(%x: tensor<*xf32>) -> tensor<*xf32> {
  %0 = tosa.abs %x : (tensor<*xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// expected-error @below {{needs arguments of static shape, but one is 'index'}}
func.func @main(%x: tensor<2x3xi8>, %i: index) -> tensor<2x3xi8> {
  return %x : tensor<2x3xi8>
}

// -----

func.func @main(%x: tensor<2x5xi8>) -> tensor<?x5xi8> {
  %s = tosa.const_shape {values = dense<[-1, 5]> : tensor<2xindex>} : () -> !tosa.shape<2>
  // expected-error @below {{needs static shapes, but a result is 'tensor<?x5xi8>'}}
  %0 = tosa.reshape %x, %s : (tensor<2x5xi8>, !tosa.shape<2>) -> tensor<?x5xi8>
  return %0 : tensor<?x5xi8>
}

// -----

// expected-error @below {{@main must have one block}}
func.func @main(%x: tensor<2x3xi8>) -> tensor<2x3xi8> {
  cf.br ^bb1(%x : tensor<2x3xi8>)
^bb1(%y: tensor<2x3xi8>):
  return %y : tensor<2x3xi8>
}
