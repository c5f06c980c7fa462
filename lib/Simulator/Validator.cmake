# The hazard validator; included from this folder's CMakeLists.txt.
afe_plain_library(AfeValidator
  Validator.cpp
  ValidatorBanks.cpp
  ValidatorBuffers.cpp
  ValidatorDram.cpp
  ValidatorFields.cpp
  ValidatorFootprint.cpp
  ValidatorMemory.cpp
  ValidatorPrograms.cpp
  ValidatorReport.cpp
  ValidatorStatic.cpp
  ValidatorSweep.cpp
  DEPS AfeEncoding AfeTarget)
