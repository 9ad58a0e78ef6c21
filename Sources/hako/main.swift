import CommandLineTables
import Engine
import Glibc
import Linux

exit(HakoProgram.run(Array(CommandLine.arguments.dropFirst())))
