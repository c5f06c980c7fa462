// Functions without an instruction are computed in f64 and rounded once; those with one stay.
// RUN: mla-opt %s --pass-pipeline='builtin.module(func.func(a65-expand-math))' | FileCheck %s

// CHECK-LABEL: func.func @functions
// CHECK: %[[X:.*]] = arith.extf %{{.*}} : f32 to f64
// CHECK-NOT: math.{{(exp|log|tanh|erf|powf|sin|cos)}} 
// CHECK: arith.truncf %{{.*}} : f64 to f32
// CHECK: math.sqrt %{{.*}} : f32
// CHECK: math.floor %{{.*}} : f32
func.func @functions(%x: f32, %y: f32) -> f32 {
  %0 = math.exp %x : f32
  %1 = math.log %0 : f32
  %2 = math.tanh %1 : f32
  %3 = math.erf %2 : f32
  %4 = math.powf %3, %y : f32
  %5 = math.sin %4 : f32
  %6 = math.cos %5 : f32
  %7 = math.sqrt %6 : f32
  %8 = math.floor %7 : f32
  return %8 : f32
}

// CHECK-LABEL: func.func @double
// CHECK-NOT: math.exp
// CHECK-NOT: truncf
func.func @double(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  return %0 : f64
}
