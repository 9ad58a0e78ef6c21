import CommandLineTables
import Engine
import Glibc
import Linux

Memory.keepFreed()
exit(HakoProgram.run(Array(CommandLine.arguments.dropFirst())))
