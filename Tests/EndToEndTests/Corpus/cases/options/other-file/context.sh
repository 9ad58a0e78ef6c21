mkdir sub; printf 'FROM corpus/base\nCOPY f sub/f /x/\n' > sub/Other; echo f > f; echo g > sub/f; sed -i 's, sub/f,,' sub/Other
